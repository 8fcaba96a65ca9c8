-- What benches/run has wrk ask: the requests of a file, one after the other, over and over or
-- once; or refreshes, each with the token of an answer before. At the end it prints a line.
--
--     BENCH_REQUESTS   a file: a request a line, its method, path, headers and body split by
--                      tabs, the headers as name=value split by the character 1
--     BENCH_ONCE       each request once, then print a line and stop
--     BENCH_REFRESH    the bodies of the file lack a refresh token at their end

local requests, tokens = {}, {}
local number = 0
local once = os.getenv("BENCH_ONCE") ~= nil
local refreshes = os.getenv("BENCH_REFRESH")

function init()
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do
    local method, path, fields, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
    local headers = {}
    for name, value in fields:gmatch("([^=\1]+)=([^\1]*)") do
      headers[name] = value
    end
    if refreshes then
      requests[1] = { method, path, headers, body }
    else
      requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
    end
  end
  if refreshes then
    for token in io.lines(refreshes) do
      tokens[#tokens + 1] = token
    end
    response = function(status, headers, body)
      tokens[#tokens + 1] = body:match('"refresh_token": ?"([^"]*)"')
    end
  end
end

function request()
  if refreshes then
    local method, path, headers, body = unpack(requests[1])
    return wrk.format(method, path, headers, body .. table.remove(tokens, 1))
  end
  number = number + 1
  if number > #requests then
    if once then
      io.write("ASKED\n")
      io.flush()
      wrk.thread:stop()
    end
    number = 1
  end
  return requests[number]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'BENCH {"requests": %d, "seconds": %f, "refused": %d, "failed": %d, "p50": %f, "p99": %f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end

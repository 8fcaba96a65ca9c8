# docker build -t scopegate .
# docker run -p 8000:8000 -v scopegate:/var/lib/scopegate -e SCOPEGATE_ISSUER=https://login.example scopegate
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin scopegate

FROM debian:bookworm-slim
# By number, so that an orchestrator can tell that it is not root.
RUN useradd --uid 10001 --user-group --home-dir /var/lib/scopegate --create-home --shell /usr/sbin/nologin scopegate
COPY --from=build /src/target/release/scopegate /usr/bin/scopegate
USER 10001:10001
WORKDIR /var/lib/scopegate
VOLUME /var/lib/scopegate
ENV SCOPEGATE_LISTEN=0.0.0.0:8000
EXPOSE 8000
ENTRYPOINT ["scopegate"]
CMD ["serve"]

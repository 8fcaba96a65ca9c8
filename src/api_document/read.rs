//! Reading a document: JSON or YAML, OpenAPI 3.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::Url;

use super::{ApiDocument, DocumentError, Endpoint, Operation, Requirement, Scheme, Security};

/// The fields of a path item that are operations (OpenAPI 3.2 §4.9).
const METHODS: [&str; 9] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
];

/// The addresses of a flow (OpenAPI 3.2 §4.28).
const FLOW_ADDRESSES: [&str; 4] = [
    "authorizationUrl",
    "deviceAuthorizationUrl",
    "tokenUrl",
    "refreshUrl",
];

/// How many references lead to something at most.
const MAX_REFERENCES: usize = 16;

impl ApiDocument {
    /// Reads a document. `address` is where it was fetched from: what is relative in it is
    /// relative to its server, and that to this.
    pub fn parse(text: &str, address: Option<&Url>) -> Result<Self, DocumentError> {
        let document = json_or_yaml(text)?;
        if document.get("swagger").is_some() {
            return Err(DocumentError::Swagger2);
        }
        let version = document.get("openapi").and_then(Value::as_str);
        if !version.is_some_and(|text| ["3.0", "3.1", "3.2"].iter().any(|v| text.starts_with(v))) {
            return Err(DocumentError::NotOpenApi);
        }
        let reader = Reader {
            server: server(&document, address),
            document: &document,
        };
        Ok(Self {
            title: text_at(&document, "/info/title").to_owned(),
            schemes: reader.schemes()?,
            operations: reader.operations()?,
        })
    }
}

/// The text at a JSON pointer; empty if it is missing.
fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default()
}

fn json_or_yaml(text: &str) -> Result<Value, DocumentError> {
    if text.trim_start().starts_with('{') {
        let read = serde_json::from_str(text);
        return read.map_err(|error| DocumentError::Syntax(error.to_string()));
    }
    let read = serde_yaml_ng::from_str(text).and_then(|mut value: serde_yaml_ng::Value| {
        value.apply_merge()?;
        Ok(value)
    });
    match read {
        Ok(value) => Ok(as_json(value)),
        Err(error) => Err(DocumentError::Syntax(error.to_string())),
    }
}

/// A value of YAML, whose keys may be numbers, as those of responses are.
fn as_json(value: serde_yaml_ng::Value) -> Value {
    use serde_yaml_ng::Value as Yaml;
    match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => value.into(),
        Yaml::Number(number) => serde_json::to_value(number).unwrap_or_default(),
        Yaml::String(text) => text.into(),
        Yaml::Sequence(values) => values.into_iter().map(as_json).collect(),
        Yaml::Mapping(fields) => {
            let fields = fields.into_iter().filter_map(|(key, value)| {
                let key = match as_json(key) {
                    Value::String(key) => key,
                    Value::Array(_) | Value::Object(_) => return None,
                    other => other.to_string(),
                };
                Some((key, as_json(value)))
            });
            Value::Object(fields.collect())
        }
        Yaml::Tagged(tagged) => as_json(tagged.value),
    }
}

/// The first server's address, which relative addresses are relative to.
fn server(document: &Value, address: Option<&Url>) -> Option<Url> {
    let server = text_at(document, "/servers/0/url");
    match address {
        Some(address) => address.join(if server.is_empty() { "/" } else { server }),
        None => Url::parse(server),
    }
    .ok()
}

struct Reader<'a> {
    document: &'a Value,
    server: Option<Url>,
}

impl Reader<'_> {
    fn schemes(&self) -> Result<BTreeMap<String, Scheme>, DocumentError> {
        let Some(schemes) = self.document.pointer("/components/securitySchemes") else {
            return Ok(BTreeMap::new());
        };
        let at = "components.securitySchemes";
        let schemes = object(schemes, || at.to_owned())?.iter();
        schemes
            .map(|(name, scheme)| {
                let at = format!("{at}.{name}");
                let scheme = self.scheme(object(self.follow(scheme, &at)?, || at.clone())?, &at)?;
                Ok((name.clone(), scheme))
            })
            .collect()
    }

    fn scheme(&self, scheme: &Map<String, Value>, at: &str) -> Result<Scheme, DocumentError> {
        let text = |name| scheme.get(name).and_then(Value::as_str).unwrap_or_default();
        Ok(match text("type") {
            "oauth2" => self.oauth2(scheme, at)?,
            "openIdConnect" => Scheme::Tokens {
                endpoints: self
                    .endpoint(scheme, "openIdConnectUrl")
                    .into_iter()
                    .collect(),
                scopes: BTreeMap::new(),
            },
            "http" if text("scheme").eq_ignore_ascii_case("bearer") => Scheme::Bearer,
            "http" => Scheme::Other(format!("http {}", text("scheme"))),
            other => Scheme::Other(other.to_owned()),
        })
    }

    fn oauth2(&self, scheme: &Map<String, Value>, at: &str) -> Result<Scheme, DocumentError> {
        let mut endpoints = Vec::new();
        let mut scopes = BTreeMap::new();
        let nothing = Value::Object(Map::new());
        let flows = scheme.get("flows").unwrap_or(&nothing);
        for (name, flow) in object(flows, || format!("{at}.flows"))? {
            if name.starts_with("x-") {
                continue;
            }
            let at = || format!("{at}.flows.{name}");
            let flow = object(flow, at)?;
            let addresses = FLOW_ADDRESSES.iter();
            endpoints.extend(addresses.filter_map(|field| self.endpoint(flow, field)));
            let declared = flow.get("scopes").unwrap_or(&nothing);
            for (scope, description) in object(declared, || at() + ".scopes")? {
                let description = description.as_str().unwrap_or_default();
                scopes.insert(scope.clone(), description.to_owned());
            }
        }
        Ok(Scheme::Tokens { endpoints, scopes })
    }

    /// The address in a field, which may be relative to the server.
    fn endpoint(&self, object: &Map<String, Value>, field: &'static str) -> Option<Endpoint> {
        let address = object.get(field)?.as_str()?;
        let url = Url::options().base_url(self.server.as_ref()).parse(address);
        Some(Endpoint {
            field,
            address: address.to_owned(),
            url: url.ok(),
        })
    }

    fn operations(&self) -> Result<Vec<Operation>, DocumentError> {
        let Some(paths) = self.document.get("paths") else {
            return Ok(Vec::new());
        };
        let general = self.document.get("security");
        let mut operations = Vec::new();
        for (path, item) in object(paths, || "paths".to_owned())? {
            if !path.starts_with('/') {
                continue;
            }
            let at = format!("paths.{path}");
            let item = object(self.follow(item, &at)?, || at.clone())?;
            for (method, operation) in operations_of(item) {
                let at = format!("{at}.{method}");
                let operation = object(operation, || at.clone())?;
                let security = operation.get("security").or(general);
                operations.push(Operation {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    id: operation
                        .get("operationId")
                        .and_then(Value::as_str)
                        .map(str::to_owned),
                    security: security_of(security, &at)?,
                });
            }
        }
        Ok(operations)
    }

    /// What a reference within the document points to.
    fn follow<'v>(&'v self, value: &'v Value, at: &str) -> Result<&'v Value, DocumentError> {
        let malformed = |problem| DocumentError::Malformed {
            at: at.to_owned(),
            problem,
        };
        let mut value = value;
        for _ in 0..MAX_REFERENCES {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                return Ok(value);
            };
            let pointer = reference
                .strip_prefix('#')
                .ok_or_else(|| malformed("a reference to another document is not followed"))?;
            value = self
                .document
                .pointer(pointer)
                .ok_or_else(|| malformed("the reference leads to nothing"))?;
        }
        Err(malformed("the reference leads to itself"))
    }
}

fn operations_of(item: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let more = item.get("additionalOperations").and_then(Value::as_object);
    let usual = item
        .iter()
        .filter(|(name, _)| METHODS.contains(&name.as_str()));
    usual.chain(more.into_iter().flatten())
}

fn security_of(security: Option<&Value>, at: &str) -> Result<Security, DocumentError> {
    let malformed = || DocumentError::Malformed {
        at: format!("{at}.security"),
        problem: "must be a list of objects with lists of scopes",
    };
    let Some(security) = security else {
        return Ok(Security::Missing);
    };
    let requirements: Vec<Requirement> =
        serde_json::from_value(security.clone()).map_err(|_| malformed())?;
    match requirements.is_empty() {
        true => Ok(Security::Open),
        false => Ok(Security::OneOf(requirements)),
    }
}

fn object(
    value: &Value,
    at: impl FnOnce() -> String,
) -> Result<&Map<String, Value>, DocumentError> {
    value.as_object().ok_or_else(|| DocumentError::Malformed {
        at: at(),
        problem: "must be an object",
    })
}

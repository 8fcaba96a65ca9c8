//! The OpenAPI document, operation by operation.

use serde_json::{Map, Value};

use super::Server;

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// The document that a server shows.
pub struct Document(pub Value);

/// One operation of the document.
pub struct Operation {
    pub method: String,
    pub path: String,
    pub content: Value,
}

impl Document {
    pub fn of(server: &Server) -> Self {
        Self(server.get("/openapi.json").send().expect(200))
    }

    /// Every operation.
    pub fn operations(&self) -> Vec<Operation> {
        let paths = members(&self.0["paths"]);
        let of_path = |(path, item): (&String, &Value)| {
            let operations = members(item).into_iter();
            let of_method = |(method, content): (String, Value)| Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                content,
            };
            operations
                .filter(|(name, _)| METHODS.contains(&name.as_str()))
                .map(of_method)
                .collect::<Vec<_>>()
        };
        paths.iter().flat_map(of_path).collect()
    }

    /// The operation at a path, `/users/johndoe` as well as `/users/{username}`.
    pub fn operation(&self, method: &str, path: &str) -> Option<Operation> {
        let path = path.split('?').next().unwrap_or_default();
        let matches = |operation: &Operation| {
            operation.method == method && fits(&operation.path, path.trim_end_matches('/'))
        };
        let mut fitting: Vec<_> = self.operations().into_iter().filter(matches).collect();
        // `/users/me` before `/users/{username}`.
        fitting.sort_by_key(|operation| operation.path.matches('{').count());
        fitting.into_iter().next()
    }

    /// Every scope that a token can be asked for.
    pub fn scopes(&self) -> Vec<String> {
        let mut scopes = Vec::new();
        for (_, scheme) in members(&self.0["components"]["securitySchemes"]) {
            for (_, flow) in members(&scheme["flows"]) {
                scopes.extend(members(&flow["scopes"]).into_iter().map(|(name, _)| name));
            }
        }
        scopes.sort();
        scopes.dedup();
        scopes
    }

    /// The scopes of an operation that wants a token; none where it is open
    /// or takes a client's credentials as well.
    pub fn required_scopes(&self, operation: &Operation) -> Option<Vec<String>> {
        let alternatives = operation.content["security"].as_array()?;
        let wants_token = |one: &Value| {
            let schemes = members(one);
            schemes.keys().any(|scheme| self.takes_tokens(scheme))
        };
        if alternatives.is_empty() || !alternatives.iter().all(wants_token) {
            return None;
        }
        let scopes = alternatives.iter().flat_map(members);
        Some(scopes.flat_map(|(_, scopes)| strings(&scopes)).collect())
    }

    fn takes_tokens(&self, scheme: &str) -> bool {
        self.0["components"]["securitySchemes"][scheme]["type"] == "oauth2"
    }

    /// An object, through its `$ref` where it is one.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self
                .0
                .pointer(&reference[1..])
                .expect("a reference that leads somewhere"),
            None => value,
        }
    }
}

impl Operation {
    /// The path with something in place of its parameters that is not there.
    pub fn absent_path(&self) -> String {
        let named = |segment: &str| match segment.starts_with('{') {
            true => "nobody-of-this-name".to_owned(),
            false => segment.to_owned(),
        };
        self.path
            .split('/')
            .map(named)
            .collect::<Vec<_>>()
            .join("/")
    }

    /// Whether the document lists the status.
    pub fn documents(&self, status: u16) -> bool {
        !self.content["responses"][status.to_string()].is_null()
    }

    pub fn takes_a_body(&self) -> bool {
        !self.content["requestBody"].is_null()
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template
            .zip(path)
            .all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
}

/// The members of an object; none of anything else.
pub fn members(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// The strings of an array; none of anything else.
pub fn strings(value: &Value) -> Vec<String> {
    let texts = value.as_array().into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

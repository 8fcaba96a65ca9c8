//! JSON bodies, checked against the schema that the document shows: each field
//! that does not fit is named, not the first one alone.

use poem::{Request, RequestBody, Result, error::ReadBodyError, http::StatusCode};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry},
    types::{ParseFromJSON, Type},
};
use serde_json::Value;

use crate::api::plumbing::problem::{FieldProblem, Problem};
use crate::guard::unambiguous_json;

/// The most bytes of a body.
pub(in crate::api) const MAX_BODY_BYTES: usize = 64 * 1024;

/// What a text field must be beyond what its schema says; the error says it.
pub(in crate::api) type Rule = fn(&str) -> Result<(), String>;

/// A body's rules, by field; for a list, they are those of its items.
pub(in crate::api) trait Rules {
    const RULES: &'static [(&'static str, Rule)];
}

/// A JSON body that fits its schema and its rules.
pub(in crate::api) struct Body<T>(pub T);

impl<'a, T: ParseFromJSON + Type + Rules> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType {
                content_type: "application/json",
                schema: T::schema_ref(),
            }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self(read(request, body).await?))
    }
}

async fn read<T: ParseFromJSON + Type + Rules>(
    request: &Request,
    body: &mut RequestBody,
) -> Result<T, Problem> {
    let refuse = |status, detail: &str| Problem::new(status, detail);
    let sent = request.content_type();
    if !Json::<T>::check_content_type(sent.unwrap_or_default()) {
        let detail = not_of("application/json", sent);
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, &detail));
    }
    let body = body
        .take()
        .map_err(|_| refuse(StatusCode::BAD_REQUEST, "there is no body"))?;
    let bytes = match body.into_bytes_limit(MAX_BODY_BYTES).await {
        Ok(bytes) => bytes,
        Err(ReadBodyError::PayloadTooLarge) => {
            let detail = "the body is larger than 64 KiB";
            return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        Err(_) => return Err(refuse(StatusCode::BAD_REQUEST, "the body cannot be read")),
    };
    let value: Value = unambiguous_json(&bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        refuse(
            StatusCode::BAD_REQUEST,
            &format!("the body is not JSON without repeated names: see {place}"),
        )
    })?;
    let errors = misfits::<T>(&value);
    if !errors.is_empty() {
        return Err(Problem::unfit(errors));
    }
    T::parse_from_json(Some(value))
        .map_err(|error| refuse(StatusCode::UNPROCESSABLE_ENTITY, &error.into_message()))
}

/// The body is not of the media type that it must be of.
pub(in crate::api) fn not_of(wanted: &str, sent: Option<&str>) -> String {
    match sent.unwrap_or_default() {
        "" => format!("the body must be {wanted}, and the header Content-Type must say so"),
        sent => format!("the body must be {wanted}, not {sent}"),
    }
}

fn misfits<T: Type + Rules>(value: &Value) -> Vec<FieldProblem> {
    misfits_of::<T>(value, T::RULES, Others::Refused)
}

/// What fits neither the schema of a type nor rules.
pub(in crate::api) fn misfits_of<T: Type>(
    value: &Value,
    rules: &[(&str, Rule)],
    others: Others,
) -> Vec<FieldProblem> {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let mut check = Check {
        registry: &registry,
        others,
        errors: Vec::new(),
    };
    check.value("", &T::schema_ref(), value);
    for (field, rule) in rules {
        check.rule(field, *rule, &value[*field]);
    }
    check.errors
}

/// What becomes of fields that the schema does not have, and of those that are `null`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Others {
    Refused,
    Ignored,
}

struct Check<'a> {
    registry: &'a Registry,
    others: Others,
    errors: Vec<FieldProblem>,
}

impl<'a> Check<'a> {
    fn schema<'b>(&self, reference: &'b MetaSchemaRef) -> Option<&'b MetaSchema>
    where
        'a: 'b,
    {
        match reference {
            MetaSchemaRef::Inline(schema) => Some(schema),
            MetaSchemaRef::Reference(name) => self.registry.schemas.get(name),
        }
    }

    fn value(&mut self, field: &str, schema: &MetaSchemaRef, value: &Value) {
        let Some(schema) = self.schema(schema) else {
            return;
        };
        // A reference with a description of its own.
        if !schema.all_of.is_empty() {
            for of in &schema.all_of {
                self.value(field, of, value);
            }
            return;
        }
        match (schema.ty, value) {
            (_, Value::Null) if schema.nullable => {}
            ("object", Value::Object(_)) => self.object(field, schema, value),
            ("array", Value::Array(items)) => {
                if schema.max_items.is_some_and(|most| items.len() > most) {
                    self.refuse(field, "this has too many items");
                }
                if let Some(of) = &schema.items {
                    for (index, item) in items.iter().enumerate() {
                        self.value(&format!("{field}[{index}]"), of, item);
                    }
                }
            }
            ("string", Value::String(text)) => self.text(field, schema, text),
            ("boolean", Value::Bool(_)) | ("", _) => {}
            ("integer", Value::Number(number)) if number.is_i64() || number.is_u64() => {
                let is_under = |least: f64| number.as_f64().is_some_and(|value| value < least);
                if schema.minimum.is_some_and(is_under) {
                    self.refuse(field, "this is too small");
                }
            }
            (wanted, _) => {
                let article = if wanted.starts_with(['a', 'i', 'o']) {
                    "an"
                } else {
                    "a"
                };
                self.refuse(field, format!("must be {article} {wanted}"));
            }
        }
    }

    fn object(&mut self, field: &str, schema: &MetaSchema, value: &Value) {
        let Value::Object(members) = value else {
            return;
        };
        let path = |name: &str| match field {
            "" => name.to_owned(),
            _ => format!("{field}.{name}"),
        };
        for name in &schema.required {
            if !members.contains_key(*name) {
                self.refuse(&path(name), "is required");
            }
        }
        let others = self.others;
        let is_left_out = |member: &Value| member.is_null() && others == Others::Ignored;
        for (name, member) in members.iter().filter(|(_, member)| !is_left_out(member)) {
            let known = schema.properties.iter().find(|(known, _)| known == name);
            match known {
                None if others == Others::Ignored => {}
                None => self.refuse(&path(name), "there is no such field"),
                Some((_, of)) => self.value(&path(name), of, member),
            }
        }
    }

    fn text(&mut self, field: &str, schema: &MetaSchema, text: &str) {
        let length = text.chars().count();
        if schema.max_length.is_some_and(|most| length > most) {
            self.refuse(field, "this is too long");
        }
        if schema.min_length.is_some_and(|least| length < least) {
            self.refuse(field, "this is too short");
        }
        let is_listed = schema.enum_items.is_empty()
            || schema
                .enum_items
                .iter()
                .any(|item| item.as_str() == Some(text));
        if !is_listed {
            self.refuse(field, "this is not one of the values");
        }
    }

    /// A field that does not fit its schema is named once, for that.
    fn rule(&mut self, field: &str, rule: Rule, value: &Value) {
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.rule(&format!("{field}[{index}]"), rule, item);
                }
            }
            Value::String(text) if !self.errors.iter().any(|error| error.field == field) => {
                if let Err(reason) = rule(text) {
                    self.refuse(field, reason);
                }
            }
            _ => {}
        }
    }

    fn refuse(&mut self, field: &str, detail: impl Into<String>) {
        self.errors.push(FieldProblem {
            field: if field.is_empty() { "body" } else { field }.to_owned(),
            detail: detail.into(),
        });
    }
}

//! The control API, described by OpenAPI 3.1, from the table that routes it.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::routes::{Gives, ROUTES};

/// The whole description.
pub(super) fn describe() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
    });
    let mut generator = SchemaGenerator::new(settings);
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let content = match &route.gives {
            Gives::Json(schema) => {
                json!({ "application/json": { "schema": schema(&mut generator) } })
            }
            Gives::Other(media_type) => json!({ *media_type: {} }),
        };
        let mut operation = Map::new();
        operation.insert("summary".into(), route.summary.into());
        operation.insert(
            "responses".into(),
            json!({
                "200": { "description": "done", "content": content },
                "default": {
                    "description": "`error` says what is wrong",
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
                },
            }),
        );
        if let Some(schema) = route.takes {
            let schema = schema(&mut generator);
            let body = json!({ "content": { "application/json": { "schema": schema } } });
            operation.insert("requestBody".into(), body);
        }
        if let Some(name) = parameter(route.path) {
            let parameter = json!([{
                "name": name, "in": "path", "required": true, "schema": { "type": "string" },
            }]);
            operation.insert("parameters".into(), parameter);
        }
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Value::Object(methods) = path {
            methods.insert(route.method.to_ascii_lowercase(), operation.into());
        }
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert(
        "Error".into(),
        json!({
            "type": "object",
            "properties": { "error": { "type": "string" } },
            "required": ["error"],
        }),
    );
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Control port of a simulated NDES deployment",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
        "security": [{}, { "token": [] }],
    })
}

/// The name in `{name}`.
fn parameter(path: &str) -> Option<&str> {
    let (_, rest) = path.split_once('{')?;
    rest.split_once('}').map(|(name, _)| name)
}

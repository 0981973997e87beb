//! Tool definitions: ours and OpenAI's understood, a provider's own left as they are.

use serde_json::{Value, json};

use super::RequestError;

/// One of a request's tools.
pub(super) enum Tool<'a> {
    /// One that the application runs.
    Function(Function<'a>),
    /// One of the provider's own, in its own words.
    Own(&'a Value),
}

/// A tool that the application runs.
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) description: Option<&'a str>,
    /// JSON schema.
    pub(super) parameters: Option<&'a Value>,
    pub(super) strict: Option<bool>,
    pub(super) cache: Option<&'a Value>,
}

impl Function<'_> {
    /// The schema, for formats that must have one.
    pub(super) fn schema(&self) -> Value {
        self.parameters.cloned().unwrap_or_else(|| json!({ "type": "object", "properties": {} }))
    }
}

/// Understands a request's tools.
///
/// # Errors
/// Where one is no object, or a function without a name.
pub(super) fn read(tools: &[Value]) -> Result<Vec<Tool<'_>>, RequestError> {
    tools.iter().enumerate().map(|(index, tool)| read_one(tool, index)).collect()
}

/// A list of tools: those of ours as `encode` writes them, a provider's own as they are. `None` where there are none.
///
/// # Errors
/// As [`read`].
pub(super) fn list(tools: &[Value], encode: impl Fn(&Function<'_>) -> Value) -> Result<Option<Value>, RequestError> {
    if tools.is_empty() {
        return Ok(None);
    }
    let encode = |tool: Tool<'_>| match tool {
        Tool::Own(own) => own.clone(),
        Tool::Function(tool) => encode(&tool),
    };
    Ok(Some(read(tools)?.into_iter().map(encode).collect()))
}

fn read_one(given: &Value, index: usize) -> Result<Tool<'_>, RequestError> {
    let Some(tool) = given.as_object() else {
        return Err(RequestError::malformed(format!("tools[{index}]"), "an object"));
    };
    let definition = match tool.get("type").and_then(Value::as_str) {
        None if tool.contains_key("name") => tool,
        // Chat completions nest it, Responses do not.
        Some("function") => tool.get("function").and_then(Value::as_object).unwrap_or(tool),
        _ => return Ok(Tool::Own(given)),
    };
    let Some(name) = definition.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
        return Err(RequestError::malformed(format!("tools[{index}].name"), "a non-empty string"));
    };
    Ok(Tool::Function(Function {
        name,
        description: definition.get("description").and_then(Value::as_str),
        parameters: definition.get("parameters").filter(|schema| !schema.is_null()),
        strict: definition.get("strict").and_then(Value::as_bool),
        cache: [tool, definition].into_iter().find_map(super::content::cache_control),
    }))
}

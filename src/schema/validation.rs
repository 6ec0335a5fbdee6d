//! Holding a document against the schema, without regard to what is sent with it.
//!
//! Where the library validates what it runs, it also looks at the values of variables: those of one operation at the
//! places of another in the same document. So it refuses what is right, and what is said of a document would depend on
//! what came with it first.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest, NextValidation};
use async_graphql::{Request, ServerError, ServerResult, ValidationResult, async_trait};

use super::Executor;
use super::inputs::innermost;

/// # Errors
/// Where the document does not fit the schema. `executor` has to have [`Only`].
pub async fn validate(executor: &Executor, request: &mut Request) -> Result<(), Vec<ServerError>> {
    let document = request.parsed_query().map_err(|error| vec![error])?.clone();
    let mut alone = Request::new("");
    alone.set_parsed_query(document);
    let errors = executor.execute(alone).await.errors;
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Ends each request when its document has been validated, without an error where it is valid.
pub struct Only;

impl ExtensionFactory for Only {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for Only {
    /// Refuses lists of a type that there is not, where a variable has one as its default: the library holds the items
    /// against their type before it looks whether there is one, and panics.
    async fn prepare_request(
        &self,
        context: &ExtensionContext<'_>,
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let types = &context.schema_env.registry.types;
        for (_, operation) in request.parsed_query()?.operations.iter() {
            for variable in &operation.node.variable_definitions {
                let name = innermost(&variable.node.var_type.node);
                if variable.node.default_value.is_some() && !types.contains_key(name) {
                    return Err(ServerError::new(format!("Unknown type \"{name}\""), Some(variable.pos)));
                }
            }
        }
        next.run(context, request).await
    }

    async fn validation(
        &self,
        context: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        next.run(context).await?;
        Err(Vec::new())
    }
}

//! A change that somebody asks for by a body of JSON, read whole.

use std::sync::Arc;

use axum::http::StatusCode;
use bytes::Bytes;

use crate::call::Call;
use crate::idempotency::{Change, key_of};
use crate::principal::Known;
use crate::problem::Problem;
use crate::service::Service;

/// A change of an operator's things that somebody asks for.
pub(crate) struct Asked {
    pub(crate) service: Service,
    pub(crate) operator: Arc<Known>,
    pub(crate) subject: Box<str>,
    route: &'static str,
    /// The id in the path.
    pub(crate) name: String,
    idempotency_key: Option<String>,
    body: Bytes,
    pub(crate) is_dry: bool,
}

impl Asked {
    pub(crate) async fn read(call: Call) -> Result<Self, Problem> {
        let (operator, name, is_dry) = (call.operator(), call.name(), call.is_dry()?);
        let Call { service, route, principal, parts, body, .. } = call;
        let idempotency_key = key_of(&parts.headers)?.map(str::to_owned);
        let (body, held) = service.read_body(&parts.headers, body).await?;
        drop(held);
        let (subject, route) = (principal.subject.clone(), route.id);
        Ok(Self { service, operator, subject, route, name, idempotency_key, body, is_dry })
    }

    /// The status of what was made, now or by the same request before; in a dry run nothing was.
    pub(crate) const fn made_status(&self) -> StatusCode {
        if self.is_dry { StatusCode::OK } else { StatusCode::CREATED }
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// What names the effect of the request, where it has an idempotency key.
    pub(crate) async fn claim(&self) -> Result<Option<String>, Problem> {
        let Some(key) = &self.idempotency_key else { return Ok(None) };
        let change = Change {
            operator: &self.operator.id,
            subject: &self.subject,
            route: self.route,
            name: &self.name,
            body: &self.body,
            is_dry: self.is_dry,
        };
        Ok(Some(self.service.claim(key, &change).await?))
    }
}

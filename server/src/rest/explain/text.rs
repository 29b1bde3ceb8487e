use jiter::{Jiter, JiterErrorType, JsonErrorType};

use super::json::Json;
use crate::image::is_image;
use crate::rest::refusal::{Refusal, refuse};
use crate::rest::request::Caller;
use crate::rest::sentence::{printable, quoted};
use crate::rest::walk::{Names, repeated};

/// Checks that a body is JSON whose objects have each name once.
pub(super) fn parse(body: &[u8], caller: Caller) -> Result<Json<'_>, Refusal> {
    if body.is_empty() {
        return refuse("the body is empty; a JSON object with 'instances' or 'inputs' is needed".to_owned());
    }
    let mut names = Names::default();
    let mut jiter = Jiter::new(body).with_allow_inf_nan();
    match repeated(&mut jiter, &mut names).and_then(|twice| jiter.finish().map(|()| twice)) {
        Ok(None) => Ok(Json::new(body)),
        Ok(Some(fingerprint)) => {
            let mut names = names.find(fingerprint);
            let _ = repeated(&mut Jiter::new(body).with_allow_inf_nan(), &mut names);
            refuse(format!("the body names {} twice in one object", quoted(&names.found().unwrap_or_default(), 100)))
        }
        Err(error) => {
            let what = if caller == Caller::Direct { "event" } else { "body" };
            refuse(match error.error_type {
                JiterErrorType::JsonError(JsonErrorType::RecursionLimitExceeded) => {
                    format!("the {what} is nested too deeply")
                }
                _ if is_image(body) => {
                    format!("the {what} is an image; send it with a Content-Type such as image/jpeg")
                }
                _ if std::str::from_utf8(body).is_err() => format!("the {what} is not UTF-8 text"),
                _ => format!("the {what} is not JSON: {}", printable(&error.description(&jiter), 200)),
            })
        }
    }
}

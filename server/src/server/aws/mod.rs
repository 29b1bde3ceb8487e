//! Calls of AWS services, with the credentials of the pod's or the instance's role.

mod credentials;
mod service;

pub(super) use self::service::{Arn, Service, ServiceName};

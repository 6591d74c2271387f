//! What a method of a store returns.

use std::{future::Future, pin::Pin};

/// A boxed future, so that stores can stand behind `Arc<dyn …>`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

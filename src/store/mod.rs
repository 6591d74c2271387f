//! Where entities and registrations are kept.
//!
//! Two traits, because the two live differently. [`EntityStore`] holds namespaces, relays and policies; it is durable,
//! and it is the truth once a declaration has seeded it. [`RegistrationStore`] holds which listener waits where; it is
//! never on disk and an entry lives no longer than the lease of its gateway.
//!
//! A back end of entities keeps an [`Image`] and makes commits durable; what a commit means is decided in [`Image`]
//! alone, so that all back ends agree. `tests/store_contract.rs` runs on every one.

mod embedded;
mod entity_store;
mod error;
mod future;
mod image;
mod memory;
mod record;
mod registration_memory;
mod registration_store;
mod seed;

pub use embedded::EmbeddedStore;
pub use entity_store::{EntityStore, Snapshot};
pub use error::{Remedy, StoreError};
pub use future::BoxFuture;
pub use image::Image;
pub use memory::MemoryStore;
pub use record::{Author, Change, NamespaceRecord, Precondition, Record, RecordKey, Versioned};
pub use registration_memory::MemoryRegistrations;
pub use registration_store::{LeaseId, RegistrationStore};
pub use seed::SeedReport;

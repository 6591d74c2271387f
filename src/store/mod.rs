//! Where entities and registrations are kept.

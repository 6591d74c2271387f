//! The wiring of doors, meetings and stores.

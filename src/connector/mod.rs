//! Listeners and senders in front of plain programs: `listen`, `forward`, `connect`.

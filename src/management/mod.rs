//! The admin and metrics doors.

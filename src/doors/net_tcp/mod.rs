//! Plain `NetTcpBinding` clients.

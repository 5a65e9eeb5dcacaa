//! What to do with one request.

/// Serves one request; made for it and dropped after it. Python: `BaseRequestHandler`.
///
/// The three methods run in this order in the request's own thread. `finish` always runs, even
/// where one of the others panicked; a panic ends this request alone.
pub trait RequestHandler {
    /// Before `handle`. Does nothing unless written.
    fn setup(&mut self) {}

    /// The request itself; for a connection, the loop that talks until it ends.
    fn handle(&mut self);

    /// After the others, whatever became of them. Does nothing unless written.
    fn finish(&mut self) {}
}

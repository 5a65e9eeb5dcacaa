//! The trait of request handlers.

/// Serves one request. It is created for the request and dropped after it. Python:
/// `BaseRequestHandler`.
///
/// The three methods run in this order in the request's own thread. `finish` always runs, even if
/// one of the others panicked. A panic ends only this request.
pub trait RequestHandler {
    /// Runs before `handle`. The default does nothing.
    fn setup(&mut self) {}

    /// Serves the request; for a connection, until it ends.
    fn handle(&mut self);

    /// Runs after the others, even if they panicked. The default does nothing.
    fn finish(&mut self) {}
}

/// A closure is a handler, too: [`handle`](RequestHandler::handle) calls it.
impl<F: FnMut()> RequestHandler for F {
    fn handle(&mut self) {
        self();
    }
}

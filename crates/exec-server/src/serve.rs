//! Checks the options, warns, and starts the server.

use std::process::ExitCode;
use std::sync::Arc;

use crate::client::{Handler, Serve};
use crate::context::Context;
use crate::options::Options;
use crate::{STACK, lesson, session};
use proto::cli::Failure;
use proto::net::Endpoint;
use proto::serving;
use proto::socketserver::{Connections, ThreadingServer};
use proto::wire::Protocol;

/// The descriptors of a connection that starts a command: its socket, both ends of three pipes, and
/// the end of the input that is opened again.
const DESCRIPTORS: usize = 8;

/// Serves until the server is stopped.
///
/// # Errors
///
/// If the server cannot be started.
pub fn serve(options: &'static Options) -> Result<ExitCode, Failure> {
    let connections = serving::listen(&options.endpoint, options.log)?;
    for endpoint in connections.endpoints() {
        check_safety(options, endpoint)?;
    }
    let context = Arc::new(Context::new(options)?);
    warn(&context, &connections);
    let serve: Serve = match options.protocol {
        Protocol::Session => session::serve,
        _ => lesson::serve,
    };
    let shared = Arc::clone(&context);
    let handler = move |connection| Handler::new(connection, &shared, serve);
    let server = ThreadingServer::new(connections, handler)
        .max_connections(options.max_connections)
        .stack_size(STACK);
    serving::serve(server, DESCRIPTORS, options.stop, options.log)
}

/// The lesson's servers run a shell for every client that can connect, so such a server needs an
/// explicit flag. This checks the bound address, because a name may resolve to another address next
/// time.
fn check_safety(options: &Options, bound: &Endpoint) -> Result<(), Failure> {
    let endpoint = &options.endpoint;
    let local = bound.is_local()?;
    let lesson = options.protocol != Protocol::Session;
    if !local && lesson {
        return Err(Failure::new(format!(
            "{endpoint} can be reached from other machines; --no-auth serves only loopback, and \
             --allow-remote goes with --protocol session"
        )));
    }
    if lesson && !options.no_auth {
        return Err(Failure::new(format!(
            "this mode runs shell commands for anyone who can reach {endpoint}, including web \
             pages; add --no-auth if you want that"
        )));
    }
    if !local && !options.allow_remote {
        return Err(Failure::new(format!(
            "{endpoint} can be reached from other machines; add --allow-remote if you want that \
             (clients need the token then, too; --no-auth is for loopback alone)"
        )));
    }
    Ok(())
}

/// Warns of risks that the user of the server should know.
fn warn(context: &Context, connections: &Connections) {
    let log = context.options.log;
    if context.options.no_auth {
        for endpoint in connections.endpoints() {
            log.warning(format_args!(
                "this runs shell commands for anyone who can reach {endpoint}, on this machine"
            ));
        }
    }
    if context.engine.shares_terminal {
        log.warning(format_args!(
            "commands can read and write this terminal: setsid(1) was not found; install \
             util-linux, or start the server without a terminal"
        ));
    }
    if std::process::id() == 1 {
        log.warning(format_args!(
            "this is process 1, which TERM does not stop and which must reap every orphan; start \
             the server under an init (docker run --init)"
        ));
    }
}

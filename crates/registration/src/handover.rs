//! Handing an image over to the user: at once, or when it is available.
//!
//! Whatever happens, the reference of an image that EC2 has accepted is printed.

use ami_core::app::Context;
use ami_core::error::Kind;
use ami_core::output::Record;
use ami_core::wait::{Asked, Waiter, say_how_to_go_on};

use crate::record::Made;
use crate::run::until_stopped;

/// Prints an image as `show` says, after it was waited for if that is asked for.
pub(crate) async fn hand_over<R: Record>(
    context: &Context,
    wait: &Asked,
    mut made: Made,
    show: &impl Fn(Made) -> R,
) {
    let located = made.located.clone();
    let Some(rules) = &wait.rules else {
        print(context, &show(made)).await;
        if context.interrupt.seen().is_some() {
            say_how_to_go_on(context, &wait.typed, &[located], None);
        }
        return;
    };
    let mut waiter = Waiter::new(context, rules.clone());
    waiter.add(located.clone(), "available").await;
    let Some(Some(event)) = until_stopped(context, waiter.next()).await else {
        // Where standard output is gone the reference is on standard error.
        let _ = context.print(&show(made)).await;
        say_how_to_go_on(context, &wait.typed, &[located], None);
        return;
    };
    if let Some(last) = event.last {
        last.as_str().clone_into(&mut made.state);
    }
    match event.result {
        Ok(_) => print(context, &show(made)).await,
        Err(error) => {
            context.fail(&error);
            let _ = context.print(&show(made)).await;
            if error.kind() != Kind::Unreachable {
                say_how_to_go_on(context, &wait.typed, &[located], None);
            }
        }
    }
}

async fn print(context: &Context, record: &impl Record) {
    // Where standard output is gone the reference is on standard error, and the run stops.
    let _ = context.print(record).await;
    context.done();
}

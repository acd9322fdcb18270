//! Handing an image over: at once, or when it is available. Its reference is printed whatever
//! happens.

use ami_core::app::Context;
use ami_core::error::Kind as ErrorKind;
use ami_core::wait::{Asked, Waiter, say_how_to_go_on};

use super::record::Made;

pub(super) async fn hand_over(context: &Context, wait: &Asked, mut made: Made) {
    if let Some(rules) = &wait.rules
        && context.interrupt.seen().is_none()
    {
        let mut waiter = Waiter::new(context, rules.clone());
        waiter.add(made.located.clone(), "available").await;
        let event = tokio::select! {
            biased;
            _ = context.interrupt.arrived() => None,
            event = waiter.next() => event,
        };
        if let Some(event) = event {
            if let Some(last) = event.last {
                made.state = last.as_str().to_owned();
            }
            match event.result {
                Ok(_) => return print(context, &made).await,
                Err(error) => {
                    context.fail(&error);
                    if error.kind() == ErrorKind::Unreachable {
                        return print(context, &made).await;
                    }
                }
            }
        }
    }
    print(context, &made).await;
    if wait.rules.is_some() || context.interrupt.seen().is_some() {
        say_how_to_go_on(context, &wait.typed, &[made.located], None);
    }
}

async fn print(context: &Context, made: &Made) {
    // Where standard output is gone the reference is on standard error.
    let _ = context.print(made).await;
    context.done();
}

//! The command: tells the story, then stays or leaves.

use super::{
    super::{args::DemoArgs, failure::Failure},
    screen::Screen,
    story, text,
};
use crate::io::Signals;

/// Runs it until it ends or is told to.
pub(in crate::cli) async fn run(args: &DemoArgs) -> Result<(), Failure> {
    let mut signals = Signals::new().map_err(|error| {
        Failure::new(format!("signals cannot be taken: {error}"), "look at the limits of this process")
    })?;
    let mut screen = Screen::stdout();
    let cast = tokio::select! {
        cast = story::tell(&mut screen) => cast,
        () = signals.stop() => return Err(Failure::new(text::INTERRUPTED, "run it again")),
    };
    let told = cast.and_then(|cast| {
        cast.invite(&mut screen)?;
        Ok(cast)
    });
    let cast = told.map_err(|failed| {
        Failure::new(
            text::step_failed(&failed.step, &failed.why),
            "run it again with --log debug to see more",
        )
    })?;
    if args.once {
        screen.line(text::ONCE);
        screen.line("");
        screen.line(text::all_worked(screen.steps()));
    } else {
        screen.line("");
        screen.line(text::WAITING);
        signals.stop().await;
    }
    cast.leave().await;
    Ok(())
}

//! The command: tells the story, then stays or leaves.

use super::{
    super::{args::DemoArgs, failure::Failure, signals},
    screen::Screen,
    story, text,
};

/// Runs it until it ends or is told to.
pub(in crate::cli) async fn run(args: &DemoArgs) -> Result<(), Failure> {
    let mut screen = Screen::stdout();
    let cast = tokio::select! {
        cast = story::tell(&mut screen) => cast,
        // Told to stop in the middle of the story.
        () = signals::stop() => return Ok(()),
    };
    let told = cast.and_then(|cast| {
        cast.invite(&mut screen)?;
        Ok(cast)
    });
    let cast = told.map_err(|failed| {
        Failure::new(text::step_failed(&failed.step, &failed.why), "run it again with --log debug to see more")
    })?;
    screen.line("");
    if args.once {
        screen.line(text::all_worked(screen.steps()));
    } else {
        screen.line(text::WAITING);
        signals::stop().await;
    }
    cast.leave().await;
    Ok(())
}

//! Applications: the list, the wizard, one with its secrets, and what is done to it.

mod deeds;
mod form;
mod list;
mod preview;
mod show;
mod trial;
mod wizard;

pub use deeds::{ApplicationDeedPage, confirm, confirm_secret, confirmed, confirmed_secret};
pub use list::{ApplicationsPage, list};
pub use preview::{PreviewPage, show_preview};
pub use show::{ApplicationPage, show};
pub use trial::{TryPage, begin_trial, trial};
pub use wizard::{ApplicationFormPage, KindsPage, MadePage, change, create, edit, new};

use super::{Administrator, seen as shown};
use crate::admin::applications::{self as logic, Application};
use crate::app::App;
use crate::model::client::ClientId;
use crate::web::error::PageError;
use crate::web::visit::Visit;

/// The application, if this administrator may see it.
async fn see(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    id: &ClientId,
) -> Result<Application, PageError> {
    let seen = logic::view(&super::office(app, visit), &administrator.actor, id).await?;
    shown(seen)
}

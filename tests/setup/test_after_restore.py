"""After a backup was put back, nobody has approved anything: who had taken it back since would have given it again."""

from dataclasses import replace

from tests.setup.stage import Stage

from gatebridge.rules.orgs import Org
from gatebridge.setup.after_restore import AfterRestore, after_restore
from gatebridge.setup.install_app import InstallApp, install_app
from gatebridge.storage import approvals, installations
from gatebridge.storage.tx import Tx

CALLBACK = "https://portal.example/cb"


def test_X_RV_06_what_users_had_approved_is_asked_for_again(stage: Stage) -> None:
    app = stage.app().app
    stage.do(install_app, InstallApp(app.consumer_key), stage.otto)

    def approved(tx: Tx, org: Org, user_id: str | None, *, remember: bool = False) -> bool:
        here = installations.by_app(tx, org.id, app.id)
        assert here is not None
        assert user_id is not None
        if remember:
            approvals.remember(tx, org.id, here.id, user_id, ["api"], CALLBACK)
        return approvals.of_user(tx, org.id, here.id, user_id) is not None

    with stage.database.transaction() as tx:
        assert approved(tx, stage.org, stage.sam.user_id, remember=True)
        assert approved(tx, stage.other, stage.otto.user_id, remember=True)
    assert stage.do(after_restore, AfterRestore("The disk died."), replace(stage.ada, user_id=None)) == 1
    assert not stage.read(lambda tx: approved(tx, stage.org, stage.sam.user_id))
    assert stage.read(lambda tx: approved(tx, stage.other, stage.otto.user_id))

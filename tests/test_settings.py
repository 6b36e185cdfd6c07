"""The settings: where they come from, what is refused, and that no refusal gives a secret away."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from gatebridge.settings.catalogue import Settings, as_markdown, describe, shown
from gatebridge.settings.load import SettingsRefused, load

KEY = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"


def problems(**variables: str) -> tuple[str, ...]:
    with pytest.raises(SettingsRefused) as refused:
        load(variables)
    return refused.value.problems


def private_file(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_nothing_set_gives_a_server_for_this_machine_alone() -> None:
    settings = load({})
    assert (settings.base_url, settings.listen_host, settings.environment) == ("http://localhost:8080", "127.0.0.1", "development")
    assert settings.database_url == "sqlite:///var/gatebridge.db"
    assert settings.trusted_proxies == ()


def test_variables_of_other_programs_are_left_alone() -> None:
    assert load({"HOME": "/home/ada", "GATEBRIDGE_CLI_TOKEN": "gba_x", "gatebridge_base_url": "x"}) == load({})


def test_the_base_url_follows_the_port() -> None:
    assert load({"PORT": "9090"}).base_url == "http://localhost:9090"


def test_the_named_port_stands_over_the_port_of_the_host() -> None:
    assert load({"PORT": "9090", "GATEBRIDGE_LISTEN_PORT": "9191"}).listen_port == 9191


def test_files_follow_the_var_directory() -> None:
    settings = load({"GATEBRIDGE_VAR_DIRECTORY": "/srv/gb"})
    assert settings.database_url == "sqlite:////srv/gb/gatebridge.db"
    assert (settings.audit_heads_file, settings.mail_directory) == (Path("/srv/gb/audit-heads.log"), Path("/srv/gb/mail"))


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://localhost:8080", id="plain http on localhost"),
        pytest.param("http://acme.localhost:8080", id="plain http on a name under localhost"),
        pytest.param("http://127.0.0.1", id="plain http on a loopback address"),
        pytest.param("http://[::1]:8080", id="plain http on the loopback address of IPv6"),
        pytest.param("https://id.example.com", id="https"),
        pytest.param("https://id.example.com:8443", id="https on a port of its own"),
    ],
)
def test_a_base_url_that_can_be_an_issuer_is_taken(url: str) -> None:
    assert load({"GATEBRIDGE_BASE_URL": url}).base_url == url


@pytest.mark.parametrize(
    ("url", "because"),
    [
        pytest.param("http://id.example.com", "must begin with https://", id="plain http elsewhere"),
        pytest.param("http://localhost.example.com", "must begin with https://", id="plain http on a name that only begins like localhost"),
        pytest.param("https://id.example.com/", "must end after the host", id="a slash at the end"),
        pytest.param("https://id.example.com/login", "must end after the host", id="a path"),
        pytest.param("https://id.example.com?x=1", "must end after the host", id="a query"),
        pytest.param("https://id.example.com?", "must end after the host", id="an empty query"),
        pytest.param("https://id.example.com#", "must end after the host", id="an empty fragment"),
        pytest.param("https://ada@id.example.com", "must end after the host", id="a user"),
        pytest.param("https://ID.example.com", "must be in lower case", id="upper case"),
        pytest.param("https://id.example.com:443", "must leave out the port", id="the port that https implies"),
        pytest.param("https://id.example.com:", "must leave out the port", id="a colon without a port"),
        pytest.param("https://id.example.com:99999", "is not valid", id="a port that cannot be"),
        pytest.param("ftp://id.example.com", "must be an address", id="another scheme"),
        pytest.param("id.example.com", "must be an address", id="no scheme"),
        pytest.param("", "must be an address", id="nothing"),
    ],
)
def test_std_G_01_a_base_url_that_cannot_be_an_issuer_is_refused(url: str, because: str) -> None:
    (problem,) = problems(GATEBRIDGE_BASE_URL=url)
    assert problem.startswith(f"GATEBRIDGE_BASE_URL {because}")


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("LISTEN_PORT", "none", "must be a valid integer"),
        ("LISTEN_PORT", "0", "must be greater than or equal to 1"),
        ("ENVIRONMENT", "staging", "must be 'development' or 'production'"),
        ("DATABASE_URL", "mysql://db/gatebridge", "must be sqlite:///path.db or postgresql://"),
        ("DATABASE_URL", "postgresql://db", "must be sqlite:///path.db or postgresql://"),
        ("DATABASE_URL", "sqlite://", "must name a file"),
        ("DATABASE_URL", "sqlite:///:memory:", "must name a file"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy", "must hold networks such as 10.0.0.0/8, and 'proxy' is not one"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "must hold networks such as 10.0.0.0/8, and '10.0.0.1/8' is not one"),
        ("TURNSTILE_BATCH", "0", "must be greater than or equal to 1"),
        ("LOG_LEVEL", "loud", "must be 'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_a_sentence_that_names_its_variable(variable: str, value: str, sentence: str) -> None:
    (problem,) = problems(**{f"GATEBRIDGE_{variable}": value})
    assert problem.startswith(f"GATEBRIDGE_{variable} {sentence}")


def test_an_unknown_variable_is_refused_with_the_nearest_name() -> None:
    assert problems(GATEBRIDGE_DATABSE_URL="x") == ("GATEBRIDGE_DATABSE_URL is no setting. Did you mean GATEBRIDGE_DATABASE_URL?",)


def test_a_variable_like_no_other_is_refused_with_the_place_of_the_list() -> None:
    assert problems(GATEBRIDGE_QQQQ="x") == ("GATEBRIDGE_QQQQ is no setting; docs/settings.md lists them all.",)


def test_an_unknown_key_of_the_file_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    path = private_file(tmp_path / "settings.toml", 'bse_url = "https://id.example.com"')
    assert problems(GATEBRIDGE_SETTINGS_FILE=str(path)) == (f"bse_url in {path} is no setting. Did you mean base_url?",)


def test_all_problems_are_said_at_once() -> None:
    found = problems(GATEBRIDGE_NONSENSE_HERE="1", GATEBRIDGE_LISTEN_PORT="x", GATEBRIDGE_BASE_URL="x", GATEBRIDGE_ENVIRONMENT="production")
    assert len(found) == 4


def test_the_environment_stands_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    path = private_file(tmp_path / "settings.toml", 'listen_port = 1111\nlisten_host = "::1"\ntrusted_proxies = ["10.0.0.0/8", "fd00::/8"]')
    settings = load({"GATEBRIDGE_SETTINGS_FILE": str(path), "GATEBRIDGE_LISTEN_PORT": "2222"})
    assert (settings.listen_port, settings.listen_host, settings.log_level) == (2222, "::1", "info")
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"listen_port = = 1", "is not valid TOML", id="not TOML"),
        pytest.param(b"listen_host = '\xff'", "it is not UTF-8", id="not UTF-8"),
        pytest.param(b"[server]\nlisten_port = 1", "server in", id="a table"),
    ],
)
def test_a_broken_settings_file_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    (problem,) = problems(GATEBRIDGE_SETTINGS_FILE=str(path))
    assert sentence in problem


def test_a_settings_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(GATEBRIDGE_SETTINGS_FILE=str(tmp_path / "none.toml"))
    assert problem.endswith("cannot be read: No such file or directory.")


def test_a_settings_file_with_a_secret_must_be_its_owners_alone(tmp_path: Path) -> None:
    path = private_file(tmp_path / "settings.toml", f'master_key = "{KEY}"', mode=0o644)
    (problem,) = problems(GATEBRIDGE_SETTINGS_FILE=str(path))
    assert "holds master_key but can be read by others" in problem
    path.chmod(0o600)
    assert load({"GATEBRIDGE_SETTINGS_FILE": str(path)}).master_key == SecretStr(KEY)


SECRETS = {
    "GATEBRIDGE_DATABASE_URL": "mysql://ada:Sup3rSecretValue@db/x",
    "GATEBRIDGE_BASE_URL": "https://ada:Sup3rSecretValue@id.example.com",
}


def test_no_refusal_repeats_a_secret() -> None:
    with pytest.raises(SettingsRefused) as refused:
        load(SECRETS)
    assert len(refused.value.problems) == len(SECRETS)
    assert "Sup3rSecret" not in repr(refused.value) + str(refused.value)
    assert refused.value.__suppress_context__


def test_settings_show_no_secret() -> None:
    settings = load({"GATEBRIDGE_MASTER_KEY": KEY, "GATEBRIDGE_DATABASE_URL": "postgresql://ada:Sup3rSecretValue@db/x"})
    told = repr(settings) + str(shown(settings))
    assert "Sup3rSecret" not in told
    assert KEY not in told
    assert (shown(settings)["master_key"], shown(settings)["database_url"]) == ("set", "postgresql")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(load({}), "listen_port", 1)  # noqa: B010 - mypy refuses the plain form


def test_every_setting_has_a_sentence() -> None:
    assert [line.name for line in describe()] == list(Settings.model_fields)
    assert all(line.sentence.endswith(".") for line in describe())


def test_the_page_of_settings_is_in_step() -> None:
    page = Path(__file__).parents[1] / "docs" / "settings.md"
    assert page.read_text() == as_markdown()


def test_production_refuses_to_start_without_a_master_key() -> None:
    (problem,) = problems(GATEBRIDGE_ENVIRONMENT="production")
    assert problem.startswith("In production GATEBRIDGE_MASTER_KEY_FILE or GATEBRIDGE_MASTER_KEY must be given")


def test_the_master_key_comes_from_one_place() -> None:
    (problem,) = problems(GATEBRIDGE_MASTER_KEY=KEY, GATEBRIDGE_MASTER_KEY_FILE="key")
    assert problem == "Only one of GATEBRIDGE_MASTER_KEY and GATEBRIDGE_MASTER_KEY_FILE can be given."


def test_a_master_key_is_made_in_development_only() -> None:
    assert load({}).make_master_key_at == Path("var/master.key")
    assert load({"GATEBRIDGE_ENVIRONMENT": "production", "GATEBRIDGE_MASTER_KEY_FILE": "key"}).make_master_key_at is None


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_of_the_mail_server_follows_from_how_it_is_spoken_to(security: str, port: int) -> None:
    assert load({"GATEBRIDGE_SMTP_SECURITY": security}).smtp_port == port
    assert load({"GATEBRIDGE_SMTP_SECURITY": security, "GATEBRIDGE_SMTP_PORT": "2525"}).smtp_port == 2525


def test_the_sender_of_mail_follows_the_base_url() -> None:
    assert load({"GATEBRIDGE_BASE_URL": "https://id.acme.example:8443"}).mail_from == "Gatebridge <gatebridge@id.acme.example>"


@pytest.mark.parametrize("text", ["", "nobody", "Acme <nobody>", "a@example.com\nBcc: b@example.com", "a@", "@example.com"])
def test_a_sender_of_mail_is_an_address(text: str) -> None:
    [problem] = problems(GATEBRIDGE_MAIL_FROM=text)
    assert problem.startswith("GATEBRIDGE_MAIL_FROM must be an address")


def test_a_user_at_the_mail_server_needs_a_password() -> None:
    [problem] = problems(GATEBRIDGE_SMTP_HOST="mail.example", GATEBRIDGE_SMTP_USERNAME="gatebridge")
    assert "smtp_password" in problem


def test_a_password_is_not_sent_where_others_can_listen() -> None:
    said = {"GATEBRIDGE_SMTP_USERNAME": "gatebridge", "GATEBRIDGE_SMTP_PASSWORD": "secret words", "GATEBRIDGE_SMTP_SECURITY": "none"}
    [problem] = problems(GATEBRIDGE_SMTP_HOST="mail.example", **said)
    assert "must not be sent unprotected" in problem
    assert "secret words" not in problem
    assert load({"GATEBRIDGE_SMTP_HOST": "localhost"} | said).smtp_username == "gatebridge"

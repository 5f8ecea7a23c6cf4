"""Every verb of `plr`, by lazy names: help and a wrong word import neither Prefect nor SQLAlchemy."""

from __future__ import annotations

from importlib.metadata import version

from cyclopts import App

_PACKAGE = "practice-learning-review"

_TOP = {
    "up": ("plr.cli.processes:up", "Start everything: the pages, the worker and Prefect's server."),
    "worker": ("plr.cli.processes:worker", "Carry cases on, send letters and write documents."),
    "web": ("plr.cli.processes:web", "Serve the pages alone."),
    "demo": ("plr.cli.demo:demo", "Show the first cases end to end, with invented people."),
    "init": ("plr.cli.setup:init", "Set up a home: database, folders and, if you like, people."),
    "doctor": ("plr.cli.doctor:doctor", "Say what is wrong with this installation, and how to mend it."),
    "deadline": ("plr.cli.deadlines:deadline", "Work out a deadline and explain it."),
}

_GROUPS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "review": (
        "Reviews that people send to the group.",
        {"submit": ("plr.cli.reviews:submit", "Log a review from a YAML or JSON file.")},
    ),
    "case": (
        "Cases: where they stand, and what the group agreed.",
        {
            "list": ("plr.cli.cases:list_cases", "List the cases."),
            "show": ("plr.cli.case_showing:show", "Show all that happened to a case."),
            "agree": ("plr.cli.case_agreeing:agree", "Record what a quorate meeting agreed."),
            "deepen": (
                "plr.cli.case_agreeing:deepen",
                "Look at a light case in full depth (the Chair's choice).",
            ),
            "try-again": (
                "plr.cli.case_trying:try_again",
                "Carry on a case that stopped because something failed.",
            ),
        },
    ),
    "approvals": (
        "Questions that wait for somebody's decision.",
        {
            "list": ("plr.cli.approvals:list_approvals", "List the questions and their answers."),
            "decide": ("plr.cli.approvals:decide", "Record an answer that somebody gave you."),
        },
    ),
    "outbox": (
        "Letters: to whom, when, and whether they left.",
        {
            "list": ("plr.cli.outbox:list_letters", "List the letters."),
            "settle": ("plr.cli.outbox:settle", "Say what became of a letter that may not have arrived."),
        },
    ),
    "outputs": (
        "Documents in shared storage.",
        {
            "list": ("plr.cli.outputs:list_outputs", "List the documents."),
            "verify": ("plr.cli.outputs:verify", "Compare every document with the hash on record."),
        },
    ),
    "audit": (
        "The audit: what happened, in chains that cannot be changed unnoticed.",
        {
            "verify": ("plr.cli.audit:verify", "Read every entry and name the first that is wrong."),
            "head": ("plr.cli.audit:head", "Make a checkpoint and print its hash, to be kept elsewhere."),
            "export": ("plr.cli.audit:export", "Write the audit into a file, without any text of a record."),
        },
    ),
    "people": (
        "People, their roles, leave and last days.",
        {
            "list": ("plr.cli.people:list_people", "List the people."),
            "import": ("plr.cli.people_files:import_people", "Add or change people from a file."),
            "export": ("plr.cli.people_files:export_people", "Write the people into a file."),
            "absence": ("plr.cli.people:absence", "Note leave, and who decides meanwhile."),
            "leaving": ("plr.cli.people:leaving", "Set somebody's last day."),
            "address": ("plr.cli.people:address", "Correct somebody's e-mail address."),
            "deputy": ("plr.cli.people:deputy", "Name somebody's standing deputy."),
            "role": ("plr.cli.people:role", "Give somebody a role."),
        },
    ),
    "db": (
        "The database: bringing it to this release, copies, and putting a copy back.",
        {
            "upgrade": ("plr.cli.database:upgrade", "Bring the database to this release, after a copy."),
            "check": ("plr.cli.database:check", "Say whether this release can use the database."),
            "backup": ("plr.cli.database:backup", "Copy the database while it is in use."),
            "restore": ("plr.cli.database:restore", "Put a copy back; letters are held until released."),
            "release": ("plr.cli.database:release", "Let the letters go that a restore has held."),
        },
    ),
    "templates": (
        "The words of letters.",
        {"preview": ("plr.cli.templates:preview", "Show a letter with invented data.")},
    ),
    "config": (
        "The configuration.",
        {"check": ("plr.cli.configuration:check", "Say whether the configuration can be used.")},
    ),
}


def build() -> App:
    """Return the application. Nothing of a verb is imported before it is called."""
    app = App(
        name="plr",
        help="The workflow of the Practice Learning Review Group.",
        help_epilogue="--debug shows where the program went wrong. Exit: 0 done; 1 the answer is no; "
        "2 the input is wrong; 3 something is missing.",
        version=lambda: version(_PACKAGE),
        exit_on_error=False,
        print_error=False,
        help_on_error=False,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    for name, (target, sentence) in _TOP.items():
        app.command(target, name=name, help=sentence)
    for group, (sentence, verbs) in _GROUPS.items():
        sub = App(name=group, help=sentence)
        for name, (target, words) in verbs.items():
            sub.command(target, name=name, help=words)
        app.command(sub)
    return app

"""`plr outputs`: the documents in shared storage, and whether they are still what was written."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from plr.adapters import opening
from plr.cli.context import Json, opened
from plr.cli.showing import print_json, rows, say, words
from plr.db.models import Output
from plr.domain.outputs import Classification, root_of, version_words
from plr.domain.wording import plural
from plr.domain.words import OutputStatus

_COLUMNS = {
    "name": "Document",
    "reference": "Case",
    "classification": "Class",
    "status": "Status",
    "written_at": "Written",
}


def list_outputs(*, reference: str | None = None, json: Json = False) -> None:
    """List the documents, the newest first.

    Parameters
    ----------
    reference
        Only those of this case.
    """
    with opened() as work, work.database.reading() as session:
        statement = select(Output).order_by(Output.id.desc())
        if reference is not None:
            statement = statement.where(Output.reference == reference)
        listed = [output_row(output) for output in session.scalars(statement)]
    rows(listed, _COLUMNS, empty="No document has been written yet.", as_json=json)


def output_row(output: Output) -> dict[str, Any]:
    """Return a document as interface.md prints it."""
    return {
        "name": output.name,
        "reference": output.reference,
        "kind": output.kind,
        "version": version_words(output.version, draft=output.draft),
        "sha256": output.sha256,
        "classification": output.classification,
        "written_at": output.written_at,
        "status": output.status,
        "mark": output.mark,
    }


def verify(*, json: Json = False) -> int:
    """Compare every document in storage with the hash on record. Exit 1 when one differs."""
    with opened() as work:
        with work.database.reading() as session:
            statement = select(Output).where(Output.status == OutputStatus.WRITTEN).order_by(Output.id)
            written = list(session.scalars(statement))
        storage = opening.storage(work.settings)
        faults = []
        for output in written:
            root = root_of(Classification(output.classification))
            fault = storage.verify(root, output.folder, output.name, output.sha256 or "")
            if fault is not None:
                faults.append({"name": output.name, "reference": output.reference, "fault": fault})
            elif not storage.exists(root, *_manifest(output)):
                fault = f"{output.name}: its manifest is not in storage. Bring it back from a backup."
                faults.append({"name": output.name, "reference": output.reference, "fault": fault})
    if json:
        print_json(faults)
    elif faults:
        for found in faults:
            say(words(found["fault"]))
    else:
        say(f"{plural(len(written), 'document')} compared: all are as they were written.")
    return 1 if faults else 0


def _manifest(output: Output) -> tuple[str, str]:
    return f"manifest/{output.folder.partition('/')[0]}/", f"{output.name}.json"

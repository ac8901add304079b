"""The form of an import as a template. May not look at rows."""

from collections.abc import Mapping, Sequence

from admin.importing.templates import ImportTemplate, template_of


def template_from(form: Mapping[str, str], names: Sequence[str]) -> ImportTemplate:
    """What the form says of the columns; raises ImportRefused."""
    targets = {name: form.get(f"to-{place}", "").strip() for place, name in enumerate(names)}
    texts = {key: form.get(key, "").strip() for key in ("name", "event", "source", "zone")}
    return template_of(
        {
            **{key: text for key, text in texts.items() if text},
            "columns": {name: target for name, target in targets.items() if target},
            "constants": _constants(form.get("constants", "")),
            "tags": [tag.strip() for tag in form.get("tags", "").split(",") if tag.strip()],
            "imported": form.get("imported") == "1",
        }
    )


def _constants(text: str) -> dict[str, str]:
    """Lines of `target: value`."""
    pairs = (line.partition(":") for line in text.splitlines() if line.strip())
    return {target.strip(): value.strip() for target, _, value in pairs}

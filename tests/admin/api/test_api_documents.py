"""The policy and the roster as documents over HTTP."""

import dataclasses
from typing import Any

from tests.admin.api_client import Api, told
from tests.admin.deciding import POLICY, start_with_policy


def test_the_draft_is_replaced_by_who_saw_it_and_published(api: Api) -> None:
    headers = api.key("ops", ["policy:read", "policy:write"])
    tag = api.client.get("/v1/policy/draft", headers=headers).headers["ETag"]
    put: Any = {"json": POLICY, "headers": headers | {"If-Match": tag}}
    done = api.client.put("/v1/policy/draft", **put)
    assert done.status_code == 200, done.text
    assert api.client.put("/v1/policy/draft", **{**put, "json": POLICY | {"name": "Late"}}).status_code == 412
    assert told(api.client.get("/v1/policy/draft", headers=headers))["name"] == "Two doors"
    refused = api.client.post("/v1/policy/publish", json={"reason": "first"}, headers=headers)
    assert (refused.status_code, "not signed" in told(refused)["detail"]) == (422, True)


def test_a_version_can_be_read_again(api: Api) -> None:
    start_with_policy()
    headers = api.key("ops", ["policy:read"])
    versions = told(api.client.get("/v1/policy/versions", headers=headers))
    (version,) = versions["items"]
    assert versions["resting"] == 0
    assert (version["number"], version["active"]) == (1, True)
    assert told(api.client.get("/v1/policy/versions/1", headers=headers))["document"]["name"] == "Two doors"
    for number in ("2", "0", "99999999999999999999"):
        assert api.client.get(f"/v1/policy/versions/{number}", headers=headers).status_code == 404


def test_the_draft_is_not_replaced_blindly_or_by_nonsense(api: Api) -> None:
    headers = api.key("ops", ["policy:write"])
    assert api.client.put("/v1/policy/draft", json=POLICY, headers=headers).status_code == 428
    assert api.client.put("/v1/policy/draft", json=POLICY, headers=headers | {"If-Match": "x"}).status_code == 412
    anyway = headers | {"If-Match": "*"}
    refused = api.client.put("/v1/policy/draft", json=POLICY | {"modles": []}, headers=anyway)
    assert refused.status_code == 422
    assert told(refused)["findings"][0]["path"]
    broken = api.client.put("/v1/policy/draft", data=b"{", headers=anyway, content_type="application/json")
    assert broken.status_code == 422
    assert told(broken)["findings"][0]["message"]


def test_lint_finds_everything_in_json_and_yaml(api: Api) -> None:
    headers = api.key("ops", ["policy:read"])
    good = told(api.client.post("/v1/policy/lint", json=POLICY, headers=headers))
    assert (good["publishable"], len(good["digest"])) == (True, 64)
    text = "format: baton.policy/1\nname: x\ntimezone: Mars/Base\nmodels: [{key: a}]\n"
    bad = told(api.client.post("/v1/policy/lint", data=text, headers=headers, content_type="application/yaml"))
    assert bad["publishable"] is False
    assert bad["findings"][0]["path"] == "timezone"


def test_the_roster_is_replaced_by_who_saw_it(api: Api) -> None:
    """R8.3: `PUT` needs `If-Match`."""
    headers = api.key("hr", ["roster:read", "roster:write"])
    tag = api.client.get("/v1/roster", headers=headers).headers["ETag"]
    document = {"format": "baton.roster/1", "people": [{"email": "li@example.com", "role": "sdr"}]}
    done = api.client.put("/v1/roster", json=document, headers=headers | {"If-Match": tag})
    assert (done.status_code, told(done)["added"]) == (200, ["li@example.com"])
    assert api.client.put("/v1/roster", json=document, headers=headers | {"If-Match": tag}).status_code == 412
    assert api.client.put("/v1/roster", json=document, headers=headers).status_code == 428
    bad = document | {"people": [{"email": "li@example.com", "role": "wizard"}]}
    refused = api.client.put("/v1/roster", json=bad, headers=headers | {"If-Match": "*"})
    assert (refused.status_code, bool(told(refused)["findings"])) == (422, True)


def test_a_draft_is_scheduled_seen_and_given_up(api: Api) -> None:
    start_with_policy()
    headers = api.key("ops", ["policy:read", "policy:write"])
    put = headers | {"If-Match": "*"}
    api.client.put("/v1/policy/draft", json=POLICY | {"name": "Later"}, headers=put)
    (change,) = told(api.client.get("/v1/policy/diff", headers=headers))["items"]
    assert (change["path"], change["sentence"]) == ("name", "name Two doors → Later")
    body = {"reason": "next quarter", "at": "2099-01-01T09:00", "timezone": "Asia/Shanghai"}
    refused = api.client.post("/v1/policy/publish", json=body, headers=headers)
    assert (refused.status_code, "not signed" in told(refused)["detail"]) == (422, True)
    api.app.config["BATON_SETTINGS"] = dataclasses.replace(api.app.config["BATON_SETTINGS"], signoff="none")
    done = told(api.client.post("/v1/policy/publish", json=body, headers=headers))
    assert (done["number"], done["changed"], done["at"]) == (None, False, "2099-01-01T01:00:00Z")
    (plan,) = told(api.client.get("/v1/policy/scheduled", headers=headers))["items"]
    assert (plan["id"], plan["state"], plan["base"]) == (done["scheduled"], "scheduled", 1)
    cancel = f"/v1/policy/scheduled/{plan['id']}/cancel"
    assert [told(api.client.post(cancel, headers=headers))["cancelled"] for _ in range(2)] == [True, False]
    assert told(api.client.get("/v1/policy/scheduled", headers=headers))["items"] == []
    assert api.client.post("/v1/policy/scheduled/99/cancel", headers=headers).status_code == 404


def test_a_moment_or_side_that_is_none_is_named(api: Api) -> None:
    headers = api.key("ops", ["policy:read", "policy:write"])
    for body in ({"at": "soon"}, {"at": 7}, {"at": "2000-01-01T09:00"}, {"at": "2099-01-01", "timezone": "Mars"}):
        refused = api.client.post("/v1/policy/publish", json={"reason": "x", **body}, headers=headers)
        assert refused.status_code == 422, body
    assert api.client.get("/v1/policy/diff?old=7", headers=headers).status_code == 404
    assert api.client.get("/v1/policy/diff?new=x", headers=headers).status_code == 422
    assert told(api.client.get("/v1/policy/diff", headers=headers))["items"]

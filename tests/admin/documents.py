"""A policy document with every kind of row, for tests of the draft and its pages."""

from typing import Any

SMB: dict[str, Any] = {
    "format": "baton.policy/1",
    "name": "SaaS inbound",
    "timezone": "Asia/Shanghai",
    "fields": [{"key": "answers.budget", "type": "choice", "options": ["yes", "no"]}],
    "events": [
        {"key": "content.downloaded", "kind": "latent", "label": {"en": "Download", "zh_Hans": "下载"}},
        {"key": "demo.requested", "kind": "direct"},
    ],
    "models": [
        {
            "key": "smb",
            "label": {"en": "Growth market", "zh_Hans": "成长型市场"},
            "fit": {
                "groups": [
                    {
                        "key": "size",
                        "max": 40,
                        "rules": [
                            {
                                "key": "s50",
                                "when": {"field": "company.employees", "op": "between", "value": [50, 200]},
                                "points": 30,
                            },
                            {
                                "key": "s5000",
                                "when": {"field": "company.employees", "op": "gt", "value": 5000},
                                "points": -12.5,
                                "enabled": False,
                            },
                        ],
                    }
                ],
                "min": 0,
                "grades": {"A": 60, "B": 25.5, "C": 10},
            },
            "engagement": {
                "groups": [
                    {
                        "key": "content",
                        "max": 50,
                        "signals": [
                            {"key": "paper", "event": "content.downloaded", "points": 10, "max": 30},
                            {
                                "key": "demo",
                                "event": ["demo.requested"],
                                "points": 40,
                                "decay": {"curve": "half_life", "days": 30, "floor": 1},
                            },
                        ],
                    }
                ],
                "heats": {"frenzied": 80, "hot": 40, "warm": 10},
            },
            "matrix": {
                "default": {"action": "nurture"},
                "cells": {
                    "A.hot": {"action": "sdr", "priority": 1, "sla": ["first_touch"]},
                    "B.hot": {"action": "sdr"},
                    "B.warm": {"action": "sdr", "sla": []},
                },
            },
        }
    ],
    "qualification": {"mql": [{"key": "hot_fit", "cells": ["A.hot", "A.frenzied"], "confirm": "sdr"}]},
    "assignment": [{"key": "inbound", "role": "sdr"}],
    "sla": [
        {
            "key": "first_touch",
            "role": "sdr",
            "starts_on": {"stage": "ready"},
            "met_by": ["lead.touched"],
            "window": {"minutes": 30},
            "on_breach": [{"do": "reassign"}, {"do": "notify", "to": "manager"}],
        }
    ],
    "reasons": {"reject": [{"key": "no_need", "label": {"en": "No need", "zh_Hans": "没有需求"}}]},
}

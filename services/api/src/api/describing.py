"""What the description of REST says of every route: where it is, and what a refusal looks like."""

from typing import Any

from pydantic import BaseModel

V1 = "/api/v1"


class Problem(BaseModel):
    """RFC 9457. `code` (and `type`, made of it) is stable, `detail` says what is wrong, `advice` what to do about it."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    advice: str
    errors: list[dict[str, str]] | None = None


REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Refused, and why.",
        "content": {
            "application/problem+json": {
                "schema": Problem.model_json_schema(),
                "example": {
                    "type": "urn:autoflows:problem:not_found", "title": "not found", "status": 404, "code": "not_found",
                    "detail": "There is no such invitation.",
                    "advice": "Check the address and the id. What belongs to another dealer is not found either.",
                },
            }
        },
    }
}  # fmt: skip

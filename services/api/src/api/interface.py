"""The description of the REST interface, as `openapi.json` has it."""

import json

from fastapi import FastAPI

from common.service import Runtime, Service


def interface(service: Service) -> str:
    """OpenAPI 3.1 of everything under /api/v1."""
    assert service.router is not None
    app = FastAPI(title="Autoflows", version="1", description="Lists, answers and messages of a dealer.")
    app.include_router(service.router(Runtime(service, service.settings.model_construct(), listen=False)))
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"

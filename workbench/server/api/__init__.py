"""The HTTP interface of the server: one table of endpoints, their handlers and description."""

from workbench.server.api.endpoints import API_PATH, ApiRequest, Content, Endpoint, Field
from workbench.server.api.handler import ROOMS
from workbench.server.api.registry import ENDPOINTS, api_handlers

__all__ = [
    "API_PATH",
    "ENDPOINTS",
    "ROOMS",
    "ApiRequest",
    "Content",
    "Endpoint",
    "Field",
    "api_handlers",
]

"""The HTTP interface of the server: one table of addresses, their handlers and description."""

from workbench.server.api.addresses import API_PATH, Address, Asked, Content, Field
from workbench.server.api.registry import ADDRESSES, api_handlers

__all__ = ["ADDRESSES", "API_PATH", "Address", "Asked", "Content", "Field", "api_handlers"]

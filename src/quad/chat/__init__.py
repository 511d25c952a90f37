"""Group chats for clients of any kind over one raw WebSocket."""

from quad.chat.system import ChatSystem

__all__ = ["ChatSystem"]

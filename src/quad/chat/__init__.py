"""Group chats for clients of any kind over one raw WebSocket."""

"""Socket.IO: clients in namespaces, their events and who handles them."""

"""Bytes between nodes: brokers that may lose them, and ordered streams that do not.

links = Links(open_bus("nats://broker", cluster="quad", me=7), 7, secret)
links.on(Channel.EVENTS, received, reset)
await links.start()
links.connect(9)
links.send(9, Channel.EVENTS, b"...")
"""

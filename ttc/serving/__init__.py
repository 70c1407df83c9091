"""`ttc serve`: an endpoint with OpenAI's interface that answers by a method.

asking/     a request's fields, messages, and the model that it names
engines/    a thread for each model, which takes new jobs while others run
service     all engines: admission, cancelling, time limits
replies     answers in OpenAI's shapes, and what they cost
streaming   the same as server-sent events
guard       keys, hosts and origins
app         the routes
server      what the command and Python call
"""

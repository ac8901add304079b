"""What the web application stands on: sign-in, proxies, headers, problem documents, the server.

No page and no route of the API.
"""

"""Infrastructure of the web application: sign-in, proxies, headers, problem documents, the server.

May not hold a page or a route of the API.
"""

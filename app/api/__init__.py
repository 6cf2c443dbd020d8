"""How the API speaks HTTP: routes, parameters, bodies, answers and the OpenAPI document. Knows no rooms."""

"""The pages people use: `admin.views.registering` puts them on the application. The API is `admin.api`."""

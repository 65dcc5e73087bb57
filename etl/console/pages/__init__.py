"""The pages, each with its own address."""

from etl.console.pages import form, overview, quality, restatements, sources, unit

ROUTERS = [one.router for one in (overview, form, sources, quality, unit, restatements)]

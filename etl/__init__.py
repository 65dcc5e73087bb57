"""How a statistic flows, from the source's answer to the filled form. Never imports airflow."""

"""The HTTP routes of the gateway: the OpenAI API, usage and cluster status."""

"""What is made of a released answer: tables, views, how figures are written, files in every form.

It reads the release as the REST API gives it, and computes; nothing here asks a node anything.
"""

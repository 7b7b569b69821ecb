"""JupyterLab for who may run code: a folder for each person, and their files by their own hands.

Nothing here opens a file of a person's in the server's process: a process of the person's system
user does. What kernels put into the folders, links included, leads no further than they get.
"""

__all__: list[str] = []

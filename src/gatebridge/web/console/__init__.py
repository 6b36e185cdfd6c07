"""Setup, the pages of admins and developers: the same verbs and reads as the API, one file a page, one line each in `places`."""

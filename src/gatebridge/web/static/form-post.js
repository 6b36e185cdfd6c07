// Sends the answer of an authorization request on to the app (OAuth 2.0 Form Post Response Mode). The page's button does the same.
document.getElementById("reply").submit();

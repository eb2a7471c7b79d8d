"""From a method and a path to a function: ASP.NET Core route templates, as pure rules."""

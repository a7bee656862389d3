"""The stand-in for https://www.wixapis.com. Source of all it knows: dev.wix.com and Wix's npm packages."""

"""The report of a finished bakeoff: `page.write_report` for the HTML page, `terminal` for the lines on a console."""

"""What a cut is shown with: slates for shots without a clip, the contact sheet, and the timeline an editor opens.

Words are drawn with Pillow, in Roboto (Apache licence, in `fonts/`), so that no user's text ever reaches ffmpeg.
"""

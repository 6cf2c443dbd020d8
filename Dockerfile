FROM python:3.13-slim

WORKDIR /srv/booking
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY alembic.ini ./
COPY migrations migrations
COPY app app

RUN useradd --system --create-home booking
USER booking
ENV PYTHONUNBUFFERED=1 BOOKING_DATA_DIR=/home/booking/data
EXPOSE 8000
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve", "--host", "0.0.0.0"]
